import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// all adapters are installed here: this one is looked for where nothing is
const program = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve: (name, context, next) =>
      next(name, name === '@sync/kafka' ? { ...context, parentURL: 'file:///nowhere/index.js' } : context),
  })
  const { openBus } = await import('@sync/config')
  await openBus('kafka://user:secret@host').catch((error) => console.log(error.code, error.message))
`

test('a package that is missing is named, a password is not', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@sync/source', '--input-type=module', '-e', program],
    { cwd: import.meta.dirname },
  )
  expect(stdout).toMatch(/^SYNC_CONFIG .*@sync\/kafka, which is not installed: npm install @sync\/kafka/)
  expect(stdout).not.toContain('secret')
})
