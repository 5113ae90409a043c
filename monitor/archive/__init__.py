"""Saved articles, in every form that is accepted where a PATH is asked for (DESIGN §6), and saving them."""

from monitor.archive.found import Began, Taking, Withdrawn
from monitor.archive.loading import Loaded, SavedArticle, load
from monitor.archive.saving import save

__all__ = ["Began", "Loaded", "SavedArticle", "Taking", "Withdrawn", "load", "save"]
