// Imported first: the kit sends statistics to its makers unless this is set before it is loaded.
process.env.DO_NOT_TRACK = '1'
