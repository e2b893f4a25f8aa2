"""Hold the dashboards, a module each: what a reader, a desk or an operator wants to see, as rows of panels. Pure."""
