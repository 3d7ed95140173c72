"""Run by every Python process that a test starts: the network guard holds there too."""

import network_guard

network_guard.install()
