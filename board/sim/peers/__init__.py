"""Independent SIP programs of Debian, started and driven as an office's phones and provider."""
