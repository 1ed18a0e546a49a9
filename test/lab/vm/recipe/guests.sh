# On the host, before it is saved: guests with one vCPU, suspended. That of a, b and c spins, that of d sleeps: few spin, since
# each takes a pCPU of the host's and with it a CPU of the machine's. A floppy with the boot sector `sti; jmp $` or `cli; hlt`
# does it; a kernel takes minutes to boot under two emulations. QEMU and libvirt have been loaded once then.
set -e
floppy() {
  truncate -s 1440K $2
  printf "$1" | dd of=$2 conv=notrunc status=none
  printf '\125\252' | dd of=$2 bs=1 seek=510 conv=notrunc status=none
}
images=/var/lib/libvirt/images
floppy '\373\353\376' $images/spin.img
floppy '\372\364\353\375' $images/sleep.img

for name in a b c d; do
  [ $name = d ] && floppy=$images/sleep.img || floppy=$images/spin.img
  virsh -q create /dev/stdin << END
<domain type='qemu'>
  <name>$name</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='fd'/></os>
  <devices>
    <disk type='file' device='floppy'>
      <driver name='qemu' type='raw'/><source file='$floppy'/><target dev='fda' bus='fdc'/><readonly/>
    </disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
END
  # The firmware sleeps until a timer or a key comes, the boot sector never does: it runs, or waits for a pCPU.
  for task in /proc/$(pgrep -f "guest=$name,")/task/*; do
    grep -q '^CPU 0/' $task/comm && thread=$task
  done
  busy() { echo $(($(cut -d' ' -f1,2 $thread/schedstat | tr ' ' +))); }
  share=0
  while [ $share -lt 90 ] && [ $name != d ]; do
    before=$(busy) began=$(date +%s%N)
    sleep 5
    share=$((100 * ($(busy) - before) / ($(date +%s%N) - began)))
  done
  virsh -q suspend $name
done
# libvirt asks each QEMU what it can do when a client first connects, which takes longer than clients wait.
virsh -q capabilities > /dev/null
node -e 0
sync
