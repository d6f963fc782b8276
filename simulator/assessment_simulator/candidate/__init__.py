"""The candidate's pages, behind the links of invitations."""
