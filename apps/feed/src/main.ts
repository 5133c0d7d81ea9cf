import { feedCommand } from './command.ts'

process.exitCode = await feedCommand(process.argv.slice(2), process.env)
