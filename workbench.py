"""The front door: the `workbench` command, and the Streamlit `app`."""
