import { UsageError } from '@sync/command-line'
import { ConfigError } from '@sync/config'
import { parseOptions, usage } from './options.ts'
import { createPlainReporter } from './report/plain.ts'
import type { Reporter } from './report/reporter.ts'
import { createTerminalReporter } from './report/terminal.ts'
import { runFeed } from './run.ts'

const EXIT = { consistent: 0, different: 1, failed: 1, usage: 2 } as const
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs the feed in this process until it ends or a signal stops it. Resolves to the exit code: 0 if all copies are equal.
 * `args` is the command line without the program name.
 */
export async function feedCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  exitQuietlyOnClosedPipe()
  const reporter = createReporter()
  process.on('exit', () => reporter.end())
  const stop = stopOnSignals()
  try {
    const options = parseOptions(args, env)
    if (options === 'help') {
      reporter.print(usage)
      return EXIT.consistent
    }
    const outcome = await runFeed(options, reporter, stop.signal)
    return outcome === 'stopped' ? (stop.signal.reason as number) : EXIT[outcome]
  } catch (error) {
    reporter.end()
    // an unknown URL scheme is detected only when the URL is opened
    if (error instanceof UsageError || error instanceof ConfigError) {
      console.error(error.message)
      return EXIT.usage
    }
    console.error(error instanceof TypeError || !(error instanceof Error) ? error : error.message)
    return EXIT.failed
  }
}

function createReporter(): Reporter {
  const out = process.stdout
  if (!out.isTTY || process.env['TERM'] === 'dumb') return createPlainReporter(out)
  return createTerminalReporter(out, { colour: out.hasColors() ? 'on' : 'off' })
}

/** The first signal ends the run gracefully, the second immediately. The abort reason is the exit code. */
function stopOnSignals(): AbortController {
  const stop = new AbortController()
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(code)
      stop.abort(code)
    })
  }
  return stop
}

/** `npm start | head` closes the pipe early, which is not a failure of the run. */
function exitQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
