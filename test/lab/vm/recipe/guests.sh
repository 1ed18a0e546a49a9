# On the host, before it is saved: four guests whose only vCPU spins, suspended. A floppy with the boot sector `sti; jmp $` does
# it, since a kernel takes minutes to boot under two emulations. QEMU and libvirt have been loaded once then.
set -e
floppy=/var/lib/libvirt/images/spin.img
printf '\373\353\376' > $floppy
truncate -s 1440K $floppy
printf '\125\252' | dd of=$floppy bs=1 seek=510 conv=notrunc status=none

for name in a b c d; do
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
  while [ $share -lt 90 ]; do
    before=$(busy) began=$(date +%s%N)
    sleep 5
    share=$((100 * ($(busy) - before) / ($(date +%s%N) - began)))
  done
  virsh -q suspend $name
done
node -e 0
sync
