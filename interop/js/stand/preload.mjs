// Loaded before a Node server's own code (node --import): whatever address it asks for, it listens on 127.0.0.1, on
// a port of the system's choosing, tells its parent which, and ends when its parent does. Its first module waits
// until the parent says that what it depends on is there; its imports are read meanwhile.
import net from 'node:net'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const callback = args.findLast((a) => typeof a === 'function')
  this.once('listening', () => process.send?.({ port: this.address().port }))
  return listen.call(this, { host: '127.0.0.1', port: 0 }, callback)
}
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))

const go = new Promise((resolve) => process.once('message', resolve))
const warm = process.argv[2]
if (warm?.startsWith('file:')) {
  process.argv.splice(2, 1)
  await import(warm)
}
const { argv } = await go
process.argv.push(...argv)
