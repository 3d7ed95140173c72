"""Ids made up from names, as a writer does who was not told the ids."""

from __future__ import annotations

import re
import unicodedata

# The commonest characters of Chinese personal names, places and props, with their readings; no more than a guess needs.
_READINGS = """
阿a 安an 案an 敖ao 把ba 爸ba 白bai 半ban 榜bang 保bao 包bao 宝bao 贝bei 本ben 碧bi 笔bi 冰bing 病bing 伯bo 博bo 播bo 簿bu
彩cai 蔡cai 采cai 苍cang 曹cao 草cao 柴chai 常chang 长chang 车che 尘chen 晨chen 陈chen 城cheng 成cheng 承cheng
撑cheng 程cheng 池chi 赤chi 虫chong 处chu 楚chu 春chun 祠ci 雌ci 翠cui 村cun 大da 打da 丹dan 单dan 档dang 刀dao 道dao
德de 的de 邓deng 帝di 底di 弟di 第di 殿dian 蝶die 丁ding 顶ding 鼎ding 东dong 冬dong 董dong 斗dou 杜du 独du 二er 儿er
耳er 发fa 法fa 凡fan 房fang 方fang 芳fang 妃fei 飞fei 冯feng 凤feng 风feng 佛fo 傅fu 夫fu 府fu 扶fu 拂fu 服fu 父fu 杆gan
刚gang 稿gao 高gao 哥ge 歌ge 公gong 宫gong 古gu 顾gu 骨gu 关guan 官guan 罐guan 光guang 桂gui 鬼gui 国guo 郭guo 海hai
寒han 汉han 涵han 韩han 杭hang 号hao 昊hao 浩hao 何he 合he 和he 河he 荷he 贺he 黑hei 恒heng 宏hong 洪hong 红hong 侯hou
后hou 护hu 湖hu 狐hu 瑚hu 胡hu 化hua 华hua 画hua 花hua 怀huai 槐huai 环huan 皇huang 隍huang 黄huang 会hui 慧hui 灰hui
火huo 吉ji 姬ji 寄ji 机ji 佳jia 家jia 架jia 贾jia 剑jian 间jian 姜jiang 江jiang 蒋jiang 娇jiao 教jiao 姐jie 杰jie
洁jie 金jin 锦jin 井jing 京jing 惊jing 景jing 警jing 镜jing 静jing 九jiu 旧jiu 酒jiu 鸠jiu 局ju 军jun 君jun 客ke
孔kong 口kou 库ku 枯ku 夸kua 块kuai 兰lan 蓝lan 廊lang 朗lang 郎lang 劳lao 姥lao 牢lao 老lao 雷lei 冷leng 丽li 力li
李li 莉li 廉lian 莲lian 亮liang 梁liang 良liang 冽lie 林lin 琳lin 岭ling 灵ling 玲ling 六liu 刘liu 柳liu 龙long 楼lou
炉lu 陆lu 鹿lu 罗luo 吕lv 绿lv 妈ma 马ma 卖mai 毛mao 妹mei 枚mei 梅mei 美mei 门men 孟meng 梦meng 米mi 蜜mi 庙miao 描miao
苗miao 敏min 民min 名ming 明ming 墨mo 莫mo 木mu 母mu 奈nai 奶nai 南nan 泥ni 年nian 娘niang 聂nie 宁ning 牛niu 糯nuo
女nv 拍pai 牌pai 判pan 潘pan 彭peng 皮pi 平ping 婆po 铺pu 七qi 奇qi 琪qi 齐qi 倩qian 千qian 签qian 钱qian 强qiang
乔qiao 巧qiao 桥qiao 勤qin 寝qin 琴qin 秦qin 情qing 晴qing 清qing 青qing 囚qiu 秋qiu 裘qiu 冉ran 人ren 任ren 日ri
容rong 蓉rong 如ru 瑞rui 睿rui 三san 桑sang 僧seng 沙sha 山shan 珊shan 尚shang 少shao 邵shao 蛇she 沈shen 神shen
生sheng 十shi 士shi 室shi 尸shi 师shi 氏shi 石shi 诗shi 书shu 叔shu 双shuang 霜shuang 水shui 司si 四si 思si 死si
宋song 松song 送song 宿su 素su 苏su 诉su 孙sun 台tai 太tai 坛tan 谭tan 唐tang 堂tang 桃tao 陶tao 特te 梯ti 天tian
田tian 亭ting 停ting 厅ting 婷ting 庭ting 霆ting 童tong 头tou 图tu 屠tu 涂tu 团tuan 拖tuo 娃wa 万wan 婉wan 晚wan
望wang 王wang 伟wei 卫wei 尉wei 薇wei 韦wei 魏wei 文wen 温wen 翁weng 五wu 务wu 吴wu 武wu 席xi 溪xi 羲xi 西xi 匣xia 厦xia
夏xia 霞xia 仙xian 县xian 厢xiang 祥xiang 香xiang 小xiao 晓xiao 萧xiao 谢xie 邪xie 心xin 新xin 欣xin 星xing 兄xiong
熊xiong 雄xiong 修xiu 秀xiu 徐xu 许xu 宣xuan 轩xuan 穴xue 薛xue 血xue 雪xue 崖ya 芽ya 严yan 宴yan 烟yan 燕yan 眼yan
砚yan 颜yan 杨yang 妖yao 姚yao 瑶yao 叶ye 夜ye 爷ye 一yi 依yi 姨yi 易yi 衣yi 银yin 阴yin 婴ying 影ying 英ying 莺ying
勇yong 庸yong 友you 于yu 余yu 玉yu 禹yu 郁yu 雨yu 鱼yu 元yuan 原yuan 袁yuan 远yuan 院yuan 岳yue 月yue 约yue 云yun 允yun
曾zeng 张zhang 章zhang 账zhang 昭zhao 赵zhao 哲zhe 珍zhen 真zhen 征zheng 郑zheng 之zhi 只zhi 志zhi 支zhi 枝zhi 直zhi
芝zhi 中zhong 钟zhong 周zhou 主zhu 朱zhu 珠zhu 竹zhu 妆zhuang 庄zhuang 状zhuang 坠zhui 卓zhuo 子zi 紫zi 宗zong
总zong 走zou 祖zu 最zui 左zuo
"""
READINGS = {entry[0]: entry[1:] for entry in _READINGS.split()}


def slug(name: str, joint: str = "-") -> str:
    """Return an id as a writer would spell it: `Lin Yue` is `lin-yue`, and so is 林月; unknown characters are left out.

    Never empty: a name of which nothing can be spelt gives `role` and a number made from its characters.
    """
    spelt = "".join(f" {READINGS[c]} " if c in READINGS else c for c in name)
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return joint.join(words)[:40] or f"role{sum(map(ord, name)) % 97}"
