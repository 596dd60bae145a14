"""From a manifest file to its plan, for any caller. Nothing here prints, asks, exits or reads a
terminal."""
