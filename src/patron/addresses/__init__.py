"""Whether an address can be right: by the rules of its country, and by a service that knows streets if there is one."""
