"""Ids made up from names, as a writer does who was not told the ids."""

from __future__ import annotations

import re
import unicodedata

# The commonest characters of Chinese personal names, places and props, with their readings; no more than a guess needs.
_READINGS = """
阿a 安an 白bai 宝bao 碧bi 冰bing 伯bo 彩cai 蔡cai 苍cang 草cao 曹cao 长chang 常chang 陈chen 晨chen 成cheng 程cheng
池chi 春chun 翠cui 大da 丹dan 道dao 邓deng 蝶die 丁ding 东dong 冬dong 董dong 杜du 儿er 二er 方fang 芳fang 飞fei 风feng
冯feng 凤feng 佛fo 夫fu 府fu 傅fu 高gao 歌ge 公gong 宫gong 古gu 顾gu 官guan 关guan 光guang 桂gui 鬼gui 郭guo 国guo
海hai 韩han 寒han 汉han 杭hang 何he 河he 荷he 黑hei 红hong 宏hong 洪hong 侯hou 后hou 狐hu 胡hu 湖hu 花hua 华hua 画hua
怀huai 黄huang 皇huang 慧hui 火huo 姬ji 吉ji 家jia 佳jia 贾jia 剑jian 江jiang 姜jiang 蒋jiang 娇jiao 金jin 锦jin
京jing 静jing 景jing 镜jing 九jiu 酒jiu 军jun 君jun 客ke 孔kong 兰lan 蓝lan 老lao 雷lei 李li 丽li 莉li 莲lian 廉lian
良liang 梁liang 林lin 琳lin 灵ling 玲ling 刘liu 柳liu 六liu 龙long 楼lou 陆lu 鹿lu 罗luo 吕lü 绿lü 马ma 毛mao 梅mei
美mei 门men 孟meng 梦meng 苗miao 庙miao 明ming 墨mo 母mu 木mu 南nan 娘niang 聂nie 宁ning 牛niu 潘pan 彭peng 皮pi
平ping 婆po 七qi 齐qi 琪qi 奇qi 钱qian 倩qian 乔qiao 巧qiao 秦qin 琴qin 青qing 清qing 情qing 秋qiu 裘qiu 冉ran 人ren
任ren 容rong 蓉rong 如ru 瑞rui 三san 桑sang 僧seng 沙sha 山shan 尚shang 少shao 邵shao 蛇she 沈shen 生sheng 诗shi
十shi 石shi 师shi 士shi 氏shi 书shu 叔shu 双shuang 霜shuang 水shui 司si 思si 四si 宋song 松song 苏su 素su 孙sun 太tai
谭tan 唐tang 桃tao 陶tao 天tian 田tian 亭ting 庭ting 婷ting 童tong 涂tu 屠tu 万wan 王wang 望wang 韦wei 薇wei 伟wei
卫wei 魏wei 文wen 翁weng 吴wu 五wu 武wu 西xi 溪xi 席xi 霞xia 夏xia 仙xian 香xiang 祥xiang 小xiao 晓xiao 萧xiao 谢xie
心xin 欣xin 新xin 星xing 兄xiong 熊xiong 秀xiu 徐xu 许xu 轩xuan 雪xue 薛xue 烟yan 燕yan 严yan 颜yan 杨yang 瑶yao 姚yao
妖yao 叶ye 夜ye 一yi 衣yi 依yi 易yi 银yin 英ying 莺ying 婴ying 影ying 勇yong 友you 于yu 余yu 鱼yu 玉yu 雨yu 郁yu 元yuan
袁yuan 远yuan 院yuan 月yue 岳yue 云yun 允yun 曾zeng 张zhang 章zhang 赵zhao 珍zhen 真zhen 郑zheng 之zhi 芝zhi 志zhi
中zhong 钟zhong 周zhou 朱zhu 珠zhu 竹zhu 庄zhuang 子zi 紫zi 宗zong 祖zu 左zuo
"""
READINGS = {entry[0]: entry[1:].replace("ü", "v") for entry in _READINGS.split()}


def slug(name: str, joint: str = "-") -> str:
    """Return an id as a writer would spell it: `Lin Yue` is `lin-yue`, and so is 林月; unknown characters are left out.

    Never empty: a name of which nothing can be spelt gives `role` and a number made from its characters.
    """
    spelt = "".join(f" {READINGS[c]} " if c in READINGS else c for c in name)
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return joint.join(words)[:40] or f"role{sum(map(ord, name)) % 97}"
