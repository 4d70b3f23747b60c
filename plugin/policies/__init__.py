"""The site's policy: rules asked, thresholds, how loud, and which guidelines are shown."""
