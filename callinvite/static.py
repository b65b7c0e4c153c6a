"""Static files with hashed names, imports between JavaScript modules included."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedModulesStorage(ManifestStaticFilesStorage):
    """Rewrites static, dynamic and re-export imports. Every import must end with a semicolon to be recognized."""

    support_js_module_import_aggregation = True
    # Each pass resolves one more level of imports; Django's five are too few for our modules.
    max_post_process_passes = 20
