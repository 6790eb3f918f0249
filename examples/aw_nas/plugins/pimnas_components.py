"""Makes the components of pimnas known to aw_nas; AWNAS_PLUGIN_DIR names this folder."""

from pimnas.aw_nas import Plugin

__all__ = ["Plugin"]
