import { closest, readChoice, runCommand, UsageError } from '@sync/command-line'
import { ArgumentError, SyncError } from '@sync/core'
import { doctor } from './doctor.ts'
import { inspect } from './inspect/inspect.ts'
import { processTerminal, type Terminal } from './output/terminal.ts'

const USAGE = `Usage: sync COMMAND [ARGUMENTS]

  doctor URL …               check whether servers are fit for @sync
  inspect URL [ADDRESS]      show the contents of a store

Examples:
  sync doctor redis://localhost:6379 nats://localhost:4222
  sync inspect redis://localhost:6379 eu/price/sku-1
  sync inspect --help

Exit code: 0 ok · 1 failed · 2 invalid command line`

const commands = { doctor, inspect } as const

/** Runs the command, and resolves to its exit code. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name.startsWith('-') || !Object.hasOwn(commands, name))
    return runCommand(
      { usage: USAGE, options: {}, words: true, run: ({ words }) => rejectCommand(words) },
      args,
      terminal,
    )
  try {
    return await commands[name as keyof typeof commands](rest, terminal)
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    terminal.printError(error.message)
    const isUsage = error instanceof ArgumentError || error.code === 'SYNC_CONFIG'
    return isUsage ? 2 : 1
  }
}

function rejectCommand([word]: readonly string[]): never {
  if (word === undefined) throw new UsageError('expected a COMMAND: doctor or inspect. See --help')
  readChoice('COMMAND', word, Object.keys(commands))
  throw new UsageError(`expected the COMMAND first: sync ${closest(word, Object.keys(commands))} …. See --help`)
}
