"""Saved articles, in every form that is accepted where a PATH is asked for (DESIGN §6), and saving one."""

from monitor.archive.loading import Loaded, SavedArticle, load
from monitor.archive.saving import save

__all__ = ["Loaded", "SavedArticle", "load", "save"]
