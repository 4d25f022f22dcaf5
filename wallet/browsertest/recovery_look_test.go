package browsertest

// recoveryScreens walks to the screens of the page for recovery and calls look on each.
func recoveryScreens(p *tab, look func(name string)) {
	p.t.Helper()
	p.path = "/"
	p.open("")
	p.register()
	p.fund()
	p.send(recipient, "0.01")
	p.path = "/recovery"
	p.open("")
	p.shows("start")
	p.eval("document.querySelectorAll('#start details').forEach((d) => { d.open = true; })", nil)
	p.write("open-address", "0x12")
	p.click("address-form button")
	p.until(byID("open-address-error") + ".textContent")
	look("start")
	p.audit()
	p.until(byID("picture") + ".complete")
	look("audit")
	p.pick("Which cloud account", "None: it never leaves its device")
	p.shows("audit")
	p.tell("Which devices", "My laptop")
	p.shows("audit")
	p.until(byID("table") + ".textContent.includes('My laptop is lost or broken')")
	p.eval("document.querySelectorAll('#audit details').forEach((d) => { d.open = true; })", nil)
	look("audit-answered")
}
