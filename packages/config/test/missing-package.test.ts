import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** Opens a bus in a process that resolves `name` differently: all adapters and clients are installed in this workspace. */
async function openBusWith(name: string, resolved: string, url = 'kafka://user:secret@host'): Promise<string> {
  const program = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve: (name, context, next) => {
        if (name !== ${JSON.stringify(name)}) return next(name, context)
        const url = ${JSON.stringify(resolved)}
        return url === '' ? next(name, { ...context, parentURL: 'file:///nowhere/index.js' }) : next(url, context)
      },
    })
    const { openBus } = await import('@sync/config')
    const bus = await openBus(${JSON.stringify(url)}).catch((error) => console.log(error.code, error.message, '|', error.cause?.message))
    await bus?.subscribe({ partition: 'p', section: 's' }, () => {}).catch((error) => console.log(error.code, error.message, '|', error.cause?.message))
    await bus?.close()
  `
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@sync/source', '--input-type=module', '-e', program],
    { cwd: import.meta.dirname },
  )
  expect(stdout).not.toContain('secret')
  return stdout
}

const BROKEN = 'data:text/javascript,throw new Error("no native module for this platform")'

describe('openBus()', () => {
  it('names a missing adapter, and keeps the password out of the message', async () => {
    expect(await openBusWith('@sync/kafka', '')).toMatch(
      /^SYNC_CONFIG .*@sync\/kafka is not installed; run npm install @sync\/kafka/,
    )
  })

  it('reports the cause when an installed adapter cannot be loaded', async () => {
    expect(await openBusWith('@sync/kafka', BROKEN)).toMatch(
      /^SYNC_CONFIG kafka: the package @sync\/kafka cannot be loaded: no native module .* \| no native module/,
    )
  })

  it.each([
    ['kafkajs', 'kafka://user:secret@host'],
    ['ioredis', 'redis://user:secret@host'],
    ['redis', 'redis://user:secret@host?client=redis'],
  ])('reports the cause when the installed client %s cannot be loaded', async (name, url) => {
    expect(await openBusWith(name, BROKEN, url)).toMatch(
      new RegExp(
        `^SYNC_ARGUMENT .*client: the package ${name} cannot be loaded: no native module .* \\| no native module`,
      ),
    )
    expect(await openBusWith(name, '', url)).toMatch(
      new RegExp(`^SYNC_ARGUMENT .*client: the package ${name} is not installed; run npm install ${name}`),
    )
  })
})
