/** Faults and restarts of a server that this process has started. */
export interface ServerControls {
  /** Whether the server's process exists, even if it is paused. */
  readonly running: boolean
  /** Sends SIGKILL and waits until the process has exited. */
  kill(): Promise<void>
  /** Sends SIGTERM and waits until the process has exited. */
  stop(): Promise<void>
  /** Sends SIGSTOP: connections stay open, but the server does not answer. Resolves when the process has stopped running. */
  pause(): Promise<void>
  /** Sends SIGCONT. */
  resume(): Promise<void>
  /** Starts the server again with the same port and data, and stops it first if it is running. Resolves when it is ready. */
  restart(): Promise<void>
}

/** The server's URL comes from the environment, so this process does not control it. */
export class ExternalServerError extends Error {
  override name = 'ExternalServerError'
  constructor(url: string) {
    super(`${new URL(url).host}: expected a server that this process started, got one from the environment`)
  }
}

/** Returns the controls of an external server. Each of them rejects with an `ExternalServerError`. */
export function externalServerControls(url: string): ServerControls {
  const reject = (): Promise<never> => Promise.reject(new ExternalServerError(url))
  return { running: true, kill: reject, stop: reject, pause: reject, resume: reject, restart: reject }
}
