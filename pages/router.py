"""The app's entry: page list, look, and the workspace; `workbench.py` serves it."""

from __future__ import annotations

import streamlit as st

from pages.ui import acting, people, shell

HOME = st.Page("home.py", title="Runs", default=True)
WRITE = st.Page("write.py", title="Write", url_path="prompts")
LAUNCH = st.Page("launch.py", title="Launch", url_path="launch")
COMPARE = st.Page("compare.py", title="Compare", url_path="compare")
REVIEW = st.Page("review.py", title="Review", url_path="review")
PROMOTE = st.Page("promote.py", title="Promote", url_path="promote")
SCORERS = st.Page("calibrate.py", title="Scorers", url_path="scorers")
SEARCH = st.Page("search.py", title="Search", url_path="search")
# Reached by links; a page in the navigation would ask for a case that nobody has chosen yet.
CASE = st.Page("examine.py", title="Case", url_path="case", visibility="hidden")
RUN = st.Page("watch.py", title="Run", url_path="run", visibility="hidden")

page = st.navigation([HOME, WRITE, LAUNCH, COMPARE, REVIEW, PROMOTE, SCORERS, SEARCH, CASE, RUN], position="top")
st.set_page_config(page_title=f"{page.title} · Microdrama Workbench", page_icon="🎬", layout="wide")
with shell.errors_in_words():
    if people.door():
        acting.on_page(page.url_path)
        page.run()
        people.footer()
