import { type ChildProcess, execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)

/** Sends signals to one running server. */
export interface ProcessHandle {
  signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Resolves when the process has stopped running. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** Returns a handle that signals the process group, which includes the processes that the server has started. */
export function nativeProcessHandle({ pid }: ChildProcess): ProcessHandle {
  if (pid === undefined) throw new Error('expected a started process, got one without a process id')
  const send = async (signal: NodeJS.Signals): Promise<void> => {
    process.kill(-pid, signal)
  }
  return {
    signal: send,
    async pause() {
      await send('SIGSTOP')
      await waitFor(async () => (await run('ps', ['-o', 'stat=', '-p', `${pid}`])).stdout.startsWith('T'), {
        condition: `process ${pid} is stopped`,
      })
    },
    resume: () => send('SIGCONT'),
  }
}

/** Returns a handle that signals a Docker container by its name. */
export function containerHandle(name: string): ProcessHandle {
  let paused = false
  const docker = async (...args: readonly string[]): Promise<void> => {
    await run('docker', args)
  }
  const resume = async (): Promise<void> => {
    if (paused) await docker('unpause', name)
    paused = false
  }
  return {
    async signal(signal) {
      // Docker does not send signals to a paused container.
      await resume()
      await docker('kill', '--signal', signal, name)
    },
    async pause() {
      await docker('pause', name)
      paused = true
    },
    resume,
  }
}
