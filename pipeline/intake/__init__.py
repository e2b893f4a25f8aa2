"""Take in articles that no poll brought: files, submissions, pushes of hubs."""
