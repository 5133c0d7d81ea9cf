import type { Socket } from 'node:net'

/**
 * Resets a connection, or closes it if its end is just being sent. In that state `resetAndDestroy` fails with libuv's EINVAL, and
 * Node would keep the handle forever, so the process could not exit.
 */
export function reset(socket: Socket): void {
  const finishing = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (finishing) socket.destroy()
  else socket.resetAndDestroy()
}
