import { writeFile } from 'node:fs/promises'
import { runCommand } from '@sync/command-line'
import { benches } from './benches.ts'
import { OPTION_TYPES, type Options, resolveOptions, usage } from './options.ts'
import { runBenches } from './run.ts'

const EXIT = { met: 0, missed: 1, failed: 1 } as const

const names = Object.keys(benches)
process.exitCode = await runCommand(
  { usage: usage(names), options: OPTION_TYPES, words: true, run: (line) => bench(resolveOptions(line, names)) },
  process.argv.slice(2),
)

async function bench({ name, json }: Options): Promise<number> {
  try {
    const selected = Object.entries(benches).filter(([each]) => name === undefined || each === name)
    const report = await runBenches(await Promise.all(selected.map(([, load]) => load())), console.log)
    if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
    const missed = report.filter(({ met }) => !met)
    console.log(missed.length === 0 ? '\nall goals met' : `\nmissed: ${missed.map(({ figure }) => figure).join(', ')}`)
    return missed.length === 0 ? EXIT.met : EXIT.missed
  } catch (error) {
    console.error(error)
    return EXIT.failed
  }
}
