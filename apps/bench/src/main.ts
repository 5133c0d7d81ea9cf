import { writeFile } from 'node:fs/promises'
import { benches } from './benches.ts'
import { parseOptions, UsageError, usage } from './options.ts'
import { runBenches } from './run.ts'

const EXIT = { met: 0, missed: 1, failed: 1, usage: 2 } as const

process.exitCode = await main()

async function main(): Promise<number> {
  const names = Object.keys(benches)
  try {
    const options = parseOptions(process.argv.slice(2), names)
    if (options === 'help') {
      console.log(usage(names))
      return EXIT.met
    }
    const selected = Object.entries(benches).filter(([name]) => options.name === undefined || options.name === name)
    const report = await runBenches(await Promise.all(selected.map(([, load]) => load())), console.log)
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
    const missed = report.filter(({ met }) => !met)
    console.log(missed.length === 0 ? '\nall goals met' : `\nmissed: ${missed.map(({ figure }) => figure).join(', ')}`)
    return missed.length === 0 ? EXIT.met : EXIT.missed
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage(names)}`)
      return EXIT.usage
    }
    console.error(error)
    return EXIT.failed
  }
}
