import { toCommandFailure } from './command-error.ts'
import type { FromService, ToService } from './messages.ts'
import { openService } from './open-service.ts'
import { executeCommand, type Service } from './service.ts'

/** The process of one service: it is what it is first told to be, and ends when it is told to, or nobody is there to tell. */
let service: Service | undefined

const send = (message: FromService): void => {
  if (process.connected) process.send?.(message)
}

async function handleMessage(message: ToService): Promise<void> {
  if ('order' in message) {
    if (service) send({ id: message.id, answer: await executeCommand(service, message.order, message.given) })
  } else if ('end' in message) {
    await service?.close().catch(() => undefined)
    process.exit()
  } else {
    try {
      service = await openService(message.be, (report) => send({ report }), new AbortController().signal)
      send({ open: true })
    } catch (error) {
      send({ failed: toCommandFailure(error) })
    }
  }
}

process.on('message', (message: ToService) => void handleMessage(message))
process.on('disconnect', () => process.exit())
// the terminal sends it to all processes of the app: the one that opened this one ends it in order
process.on('SIGINT', () => undefined)
