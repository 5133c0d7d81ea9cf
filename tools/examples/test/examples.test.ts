import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, manifestOf } from './run-example.ts'

const examples = globSync('*/package.json', { cwd: folder }).map(dirname).sort()
const PUBLIC = /^@sync\/(core|config|redis|nats|kafka)$/

describe.for(examples)('examples/%s', (example) => {
  const manifest = manifestOf(example)

  it('is a private package named after its folder', () => {
    expect(manifest).toMatchObject({ name: `example-${basename(example)}`, private: true })
  })

  it('depends on public packages only, so that a copy works outside this repository', () => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    const local = all.filter(([name, version]) => name.startsWith('@sync/') || !/^\^\d/.test(version))
    for (const [name, version] of local) expect(`${name}: ${version}`).toMatch(/: workspace:\*$/)
    for (const [name] of local) expect(name).toMatch(PUBLIC)
  })

  it('has fewer than 100 lines of code', () => {
    const files = globSync('{src,test}/**/*.ts', { cwd: join(folder, example) })
    const lines = files.flatMap((file) => readFileSync(join(folder, example, file), 'utf8').split('\n'))
    const code = lines.filter((line) => !/^\s*(\/\/.*|\/?\*.*)?$/.test(line))
    expect(code.length).toBeLessThan(100)
  })

  it('names each of its scripts in its README', () => {
    const readme = readFileSync(join(folder, example, 'README.md'), 'utf8')
    for (const script of Object.keys(manifest.scripts)) {
      expect(readme).toMatch(new RegExp(`npm (run )?${script}\\b`))
    }
  })
})
