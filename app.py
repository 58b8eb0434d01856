"""SocialML: navigation and the sidebar's choices; nothing else."""

from __future__ import annotations

import streamlit as st

from socialml.errors import UserError
from socialml.ui import context, parts

st.set_page_config(page_title="SocialML", page_icon="📊", layout="wide")
page = st.navigation(
    {
        "": [st.Page("pages/start.py", title="Start", url_path="", default=True, visibility="hidden")],
        "Explore": [
            st.Page("pages/overview.py", title="Overview", icon=":material/monitoring:"),
            st.Page("pages/segments.py", title="Segments", icon=":material/groups:"),
            st.Page("pages/customers.py", title="Customers", icon=":material/person_search:"),
            st.Page("pages/forecast.py", title="Forecast", icon=":material/trending_up:"),
            st.Page("pages/anomalies.py", title="Anomalies", icon=":material/troubleshoot:"),
        ],
        "Decide": [
            st.Page("pages/live-policy.py", title="Live policy", icon=":material/live_tv:"),
            st.Page("pages/campaign.py", title="Campaign budget", icon=":material/payments:"),
        ],
        "Prepare": [st.Page("pages/data.py", title="Data", icon=":material/database:")],
    }
)
try:
    context.set_current(context.sidebar())
    page.run()
except UserError as error:
    parts.error(error)
