--- Settings of the application whose requests fail.
return { exception_handler = "lib.handler.handle" }
