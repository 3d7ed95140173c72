"""The Streamlit pages, and the only code that knows Streamlit."""
