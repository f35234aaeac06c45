--- The benchmark's own application: what is measured beside a bare handler, with the host's settings as they come.
return {}
