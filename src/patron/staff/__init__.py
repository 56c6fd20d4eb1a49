"""Users of an organization: people who work for it and let web apps act for them. Not its customers."""
