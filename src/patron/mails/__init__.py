"""What we write to people: kinds of mails with their facts, and the templates that turn facts into a mail."""
