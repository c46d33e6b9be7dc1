// The stock wechaty-puppet-service client, to compare with: learns of each message what our channel learns (its words,
// who spoke under which name, the room's topic), then tells what that cost. Usage: node stock.mjs <endpoint> <token> <count>
import { PuppetService } from 'wechaty-puppet-service'

const [endpoint, token, count] = process.argv.slice(2)

const puppet = new PuppetService({ endpoint, token, tls: { disable: true } })
const tell = told => process.stdout.write(JSON.stringify(told) + '\n')
const WARM = 100 // messages before the counting, so that names are known to both
let heard = 0
let cpu

puppet.on('error', () => {})
puppet.on('message', async ({ messageId }) => {
  const message = await puppet.messagePayload(messageId)
  const room = await puppet.roomPayload(message.roomId)
  const member = await puppet.roomMemberPayload(message.roomId, message.talkerId)
  const contact = await puppet.contactPayload(message.talkerId)
  if (!room.topic || !(member.roomAlias || member.name || contact.name)) {
    throw new Error('something is missing')
  }
  heard++
  if (heard === WARM) {
    cpu = process.cpuUsage()
    tell({ warm: true })
  }
  if (heard === WARM + Number(count)) {
    const { user, system } = process.cpuUsage(cpu)
    tell({ messages: Number(count), cpu_ms: (user + system) / 1000 })
    process.exit(0)
  }
})
await puppet.start()
tell({ started: true })
