import { type ChildProcess, execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)

/** How one running server is reached. */
export interface ProcessHandle {
  signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Resolves when it stands still. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** By its process group: what it has started goes with it. */
export function nativeProcessHandle({ pid }: ChildProcess): ProcessHandle {
  if (pid === undefined) throw new Error('the process has not started')
  const send = async (signal: NodeJS.Signals): Promise<void> => {
    process.kill(-pid, signal)
  }
  return {
    signal: send,
    async pause() {
      await send('SIGSTOP')
      await waitFor(async () => (await run('ps', ['-o', 'stat=', '-p', `${pid}`])).stdout.startsWith('T'), {
        what: `process ${pid} stands still`,
      })
    },
    resume: () => send('SIGCONT'),
  }
}

/** By the name of its container. */
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
      // Docker sends no signal to a container that is paused.
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
