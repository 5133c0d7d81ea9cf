import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Throws unless Docker can run containers that share this machine's network. */
export async function requireDocker(): Promise<void> {
  if (process.platform !== 'linux')
    throw new Error(`expected Linux, where containers can share the host's network, got ${process.platform}`)
  await run('docker', ['info', '--format', '{{.ServerVersion}}'])
}

/** Returns the human-readable origin of a program in a Docker image. */
export function describeImage(image: string): string {
  return `the Docker image ${image}`
}
