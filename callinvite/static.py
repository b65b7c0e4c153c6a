"""Static files with hashed names, imports between JavaScript modules included."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedModulesStorage(ManifestStaticFilesStorage):
    """Rewrites static, dynamic and re-export imports; every import must end with a semicolon to be seen."""

    support_js_module_import_aggregation = True
    # Each pass settles one more step of the chain of imports; Django's five are too few for pages of modules.
    max_post_process_passes = 20
