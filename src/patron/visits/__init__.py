"""Who came, when, where and with what."""
