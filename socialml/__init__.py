"""SocialML: a marketing lab for social commerce."""

__version__ = "0.1.0"
