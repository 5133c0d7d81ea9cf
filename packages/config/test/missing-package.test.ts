import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// all adapters are installed in this workspace, so the hook resolves this one from a folder without packages
const program = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve: (name, context, next) =>
      next(name, name === '@sync/kafka' ? { ...context, parentURL: 'file:///nowhere/index.js' } : context),
  })
  const { openBus } = await import('@sync/config')
  await openBus('kafka://user:secret@host').catch((error) => console.log(error.code, error.message))
`

it('openBus() names a missing package, and keeps the password out of the message', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@sync/source', '--input-type=module', '-e', program],
    { cwd: import.meta.dirname },
  )
  expect(stdout).toMatch(/^SYNC_CONFIG .*@sync\/kafka is not installed; run npm install @sync\/kafka/)
  expect(stdout).not.toContain('secret')
})
