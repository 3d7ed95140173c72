import streamlit as st


def home():
    st.write("hello")


st.navigation([st.Page(home, title="Runs", default=True)], position="top").run()
