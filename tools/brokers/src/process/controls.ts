/** Faults and restarts of a server that this process has started. */
export interface ServerControls {
  /** Has it been started and not ended since? Also while it is paused. */
  readonly running: boolean
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>
  /** SIGSTOP: connections stay open, nobody answers. Resolves when it stands still. */
  pause(): Promise<void>
  /** SIGCONT. */
  resume(): Promise<void>
  /** Starts it again on the same port and data, after a `stop` if it is running. Resolves when it is ready. */
  restart(): Promise<void>
}

/** The server was given by its URL: what this process has not started it does not harm. */
export class ExternalServerError extends Error {
  override name = 'ExternalServerError'
  constructor(url: string) {
    super(`the server at ${new URL(url).host} was not started here: it cannot be killed, paused or restarted`)
  }
}

/** The hooks of a server that was given by its URL: each rejects. */
export function externalServerControls(url: string): ServerControls {
  const reject = (): Promise<never> => Promise.reject(new ExternalServerError(url))
  return { running: true, kill: reject, stop: reject, pause: reject, resume: reject, restart: reject }
}
