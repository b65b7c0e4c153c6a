"""How moments are written in each language, for `FORMAT_MODULE_PATH`, where Django's own way would mix clocks."""
