import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Throws unless containers can be run here that share the machine's network. */
export async function requireDocker(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('containers have a network of their own here')
  await run('docker', ['info', '--format', '{{.ServerVersion}}'])
}

/** Where a program in an image comes from, for people. */
export function describeImage(image: string): string {
  return `the Docker image ${image}`
}
