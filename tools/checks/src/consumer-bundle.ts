import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { rolldown } from 'rolldown'
import { command } from './command.ts'

/** An application that names every scheme, in a project that has one client only: ioredis. */
const application = `
import { connect, openBus, openStore, registerScheme } from '@sync/config'
import { defineCollection } from '@sync/core'

async function main() {
  const instance = await connect({ store: 'memory:', bus: 'memory:' })
  const settings = instance.collection(defineCollection({ section: 'settings', ttl: 'never' }))
  await settings.set('vat', { rate: 19 })
  if ((await settings.get('vat')).rate !== 19) throw new Error('expected the document that was written')
  await instance.close()

  const refused = 'redis://127.0.0.1:1'
  for (const [url, expected] of [
    [refused, /^SYNC_STORE_UNAVAILABLE /],
    [refused + '?client=redis', /^SYNC_ARGUMENT .*the package redis is not installed; run npm install redis/],
  ]) {
    const store = await openStore(url)
    const outcome = await store.load([{ partition: 'p', section: 's', key: 'k' }]).catch((error) => error.code + ' ' + error.message)
    if (!expected.test(outcome)) throw new Error(url + ': expected ' + expected + ', got ' + outcome)
    await store.close()
  }

  const { adapter } = await import('@sync/redis')
  registerScheme('mine', async () => adapter)
  await openBus('mine://host').then(() => { throw new Error('expected an adapter for redis: URLs only') }, (error) => {
    if (error.code !== 'SYNC_ARGUMENT') throw error
  })
}
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
`

/**
 * Bundles an application into one file with each bundler, and runs it in a folder without packages. A bundler must accept that
 * optional packages are missing, and errors must name the missing one.
 */
export async function bundleApplication(project: string, elsewhere: string): Promise<string[]> {
  const entry = join(project, 'application.js')
  writeFileSync(entry, application)
  mkdirSync(elsewhere)
  const problems: string[] = []
  for (const [name, bundle] of Object.entries(bundlers)) {
    const file = join(elsewhere, `${name}.cjs`)
    try {
      await bundle(entry, file)
    } catch (error) {
      problems.push(`${name} cannot bundle an application with ioredis only: ${error}`)
      continue
    }
    const { ok, output } = await command('node', [file], { cwd: elsewhere, timeout: 30_000 })
    if (!ok) problems.push(`the application bundled by ${name} fails:\n${output}`)
  }
  return problems
}

const bundlers = {
  esbuild: async (entry: string, file: string) => {
    await build({
      entryPoints: [entry],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'silent',
    })
  },
  rolldown: async (entry: string, file: string) => {
    const bundle = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' })
    await bundle.write({ file, format: 'cjs', codeSplitting: false })
  },
}
