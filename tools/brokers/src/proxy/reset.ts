import type { Socket } from 'node:net'

/**
 * Resets a connection. One whose end is just being sent is closed in place of it: Node would keep its handle for good, and a
 * process that has one never exits (`resetAndDestroy` while a shutdown is under way, libuv's EINVAL).
 */
export function reset(socket: Socket): void {
  const finishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (finishing) socket.destroy()
  else socket.resetAndDestroy()
}
