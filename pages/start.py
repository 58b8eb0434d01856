"""Where the app opens: the segments, or the place to bring data."""

from __future__ import annotations

import streamlit as st

from socialml.ui import context

target = "pages/segments.py" if context.current() else "pages/data.py"
st.switch_page(target, query_params=st.query_params.to_dict())
